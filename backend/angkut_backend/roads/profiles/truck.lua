-- A collection truck on Indonesian streets: OSRM's car, but wider, heavier, slower, on the left,
-- not through alleys (gang) and living streets, and let in where residents and deliveries are.

local car = require('car')

local function setup()
  local profile = car.setup()
  profile.properties.left_hand_driving = true
  profile.properties.weight_name = 'duration'
  profile.vehicle_width = 2.5
  profile.vehicle_height = 3.2
  profile.vehicle_length = 7.0
  profile.vehicle_weight = 14000
  profile.vehicle_max_speed = 60
  for _, tag in ipairs({'destination', 'delivery', 'residents', 'customers'}) do
    profile.access_tag_blacklist[tag] = nil
    profile.restricted_access_tag_list[tag] = nil
    profile.access_tag_whitelist[tag] = true
  end
  profile.service_tag_forbidden['alley'] = true
  -- Of what a car may drive a loaded truck keeps about two thirds; nothing was measured in Bekasi.
  for highway, speed in pairs(profile.speeds.highway) do
    profile.speeds.highway[highway] = speed * 0.65
  end
  profile.speeds.highway.residential = 15
  profile.speeds.highway.service = 10
  profile.speeds.highway.living_street = nil
  return profile
end

return {
  setup = setup,
  process_way = car.process_way,
  process_node = car.process_node,
  process_turn = car.process_turn
}
