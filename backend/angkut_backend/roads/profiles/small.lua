-- A three-wheeled motor cart: through alleys (gang) and on narrow ways, but not on fast roads.

return require('collection')(function(profile)
  profile.vehicle_width = 1.3
  profile.vehicle_height = 1.8
  profile.vehicle_length = 3.2
  profile.vehicle_weight = 900
  profile.vehicle_max_speed = 35
  profile.service_penalties.alley = 1
  for highway, speed in pairs(profile.speeds.highway) do
    profile.speeds.highway[highway] = math.min(speed, 30)
  end
  profile.speeds.highway.motorway = nil
  profile.speeds.highway.motorway_link = nil
  profile.speeds.highway.residential = 18
  profile.speeds.highway.living_street = 12
  profile.speeds.highway.service = 12
  profile.speeds.highway.track = 10
end)
