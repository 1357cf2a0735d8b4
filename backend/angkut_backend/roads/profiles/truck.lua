-- A collection truck on Indonesian streets: wider, heavier and slower than a car, not through
-- alleys (gang) and living streets.

return require('collection')(function(profile)
  profile.vehicle_width = 2.5
  profile.vehicle_height = 3.2
  profile.vehicle_length = 7.0
  profile.vehicle_weight = 14000
  profile.vehicle_max_speed = 60
  profile.service_tag_forbidden['alley'] = true
  -- Of what a car may drive a loaded truck keeps about two thirds; nothing was measured in Bekasi.
  for highway, speed in pairs(profile.speeds.highway) do
    profile.speeds.highway[highway] = speed * 0.65
  end
  profile.speeds.highway.residential = 15
  profile.speeds.highway.service = 10
  profile.speeds.highway.living_street = nil
end)
