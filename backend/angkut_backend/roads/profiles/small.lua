-- A three-wheeled motor cart: through alleys (gang) and on narrow ways, but not on fast roads.

local car = require('car')

local function setup()
  local profile = car.setup()
  profile.properties.left_hand_driving = true
  profile.properties.weight_name = 'duration'
  profile.vehicle_width = 1.3
  profile.vehicle_height = 1.8
  profile.vehicle_length = 3.2
  profile.vehicle_weight = 900
  profile.vehicle_max_speed = 35
  for _, tag in ipairs({'destination', 'delivery', 'residents', 'customers'}) do
    profile.access_tag_blacklist[tag] = nil
    profile.restricted_access_tag_list[tag] = nil
    profile.access_tag_whitelist[tag] = true
  end
  profile.service_penalties.alley = 1
  for highway, speed in pairs(profile.speeds.highway) do
    profile.speeds.highway[highway] = math.min(speed, 30)
  end
  profile.speeds.highway.motorway = nil
  profile.speeds.highway.motorway_link = nil
  profile.speeds.highway.residential = 18
  profile.speeds.highway.living_street = 12
  profile.speeds.highway.service = 12
  profile.speeds.highway.footway = nil
  profile.speeds.highway.path = nil
  profile.speeds.highway.track = 10
  return profile
end

return {
  setup = setup,
  process_way = car.process_way,
  process_node = car.process_node,
  process_turn = car.process_turn
}
