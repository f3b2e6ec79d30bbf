-- Prints inputs and what the prelude answers in plain Lua, one JSON object a line: the other side of
-- runner_same.py.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local json = require "json"
local host = require "host"

local root = here .. "/../.."

local function read(path)
	local file = assert(io.open(path, "rb"))
	local text = file:read("a")
	file:close()
	return text
end

local function answer(input)
	return table.concat(host.open(root .. "/executor/runner/prelude")(input))
end

package.loaded.kit = { root = root, json = json, here = here, read = read }
local world = require "world"

local function dump(input)
	local written = json.encode(input)
	print(json.encode { input = input, wanted = answer(json.decode(written)) })
end

for _, name in ipairs(world.names) do
	dump(world.input(name))
	dump { verb = "lint", file = world.file_of(name), script = world.script_of(name), modules = world.modules_of(name), calls = world.calls() }
end
dump(world.input("checkout/drain-zone", "restore"))
dump { verb = "describe" }
for _, row in ipairs(require "mistakes") do
	dump {
		verb = "build", file = "y.lua", script = world.plan_with(row[2]), modules = {}, action = "apply", params = {},
		targets = world.targets(), calls = {},
	}
end
