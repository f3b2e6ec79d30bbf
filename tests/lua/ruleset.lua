-- The rules of lua-scripts/rules, as the runner is given them.
local kit = require "kit"

local ruleset = {}
local FOLDER = kit.root .. "/lua-scripts/rules"

-- The ids of all rules, sorted.
function ruleset.names()
	local names = {}
	local pipe = assert(io.popen("ls '" .. FOLDER .. "'"))
	for name in pipe:lines() do
		names[#names + 1] = name:match("^(%u[%u%d]*%-%d%d%d)%.lua$")
	end
	pipe:close()
	table.sort(names)
	return names
end

function ruleset.files()
	local files = setmetatable({}, kit.json.array_mt)
	for i, name in ipairs(ruleset.names()) do
		files[i] = { file = name .. ".lua", script = kit.read(FOLDER .. "/" .. name .. ".lua") }
	end
	return files
end

function ruleset.modules()
	return { lib = kit.read(FOLDER .. "/lib.lua") }
end

function ruleset.test_input()
	return { verb = "rules_test", rules = ruleset.files(), modules = ruleset.modules() }
end

return ruleset
