-- Zones in pairs: the one that a plan leaves and the one that takes its load.
--
--   local zones = require "zones"
--   local other = zones.other("a")                        -- "b"
--   local leaving, staying = zones.pair(t.clusters, "a")  -- two targets, by their label `zone`

local zones = {}

local PAIRS = { a = "b", b = "a", north = "south", south = "north", east = "west", west = "east" }

-- The zone or site beside this one.
function zones.other(name)
	local other = PAIRS[tostring(name)]
	return other or error("zones: " .. tostring(name) .. " is in no pair", 2)
end

-- The target of the zone and that of the other one.
function zones.pair(selection, name)
	return selection:one { zone = name }, selection:one { zone = zones.other(name) }
end

return zones
