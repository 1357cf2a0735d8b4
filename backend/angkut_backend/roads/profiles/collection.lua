-- What trucks and motor carts have in common: OSRM's car on the left, by time, let in where
-- residents and deliveries are. `fit` sets what differs.

local car = require('car')

return function(fit)
  local function setup()
    local profile = car.setup()
    profile.properties.left_hand_driving = true
    profile.properties.weight_name = 'duration'
    for _, tag in ipairs({'destination', 'delivery', 'residents', 'customers'}) do
      profile.access_tag_blacklist[tag] = nil
      profile.restricted_access_tag_list[tag] = nil
      profile.access_tag_whitelist[tag] = true
    end
    fit(profile)
    return profile
  end

  return {
    setup = setup,
    process_way = car.process_way,
    process_node = car.process_node,
    process_turn = car.process_turn
  }
end
