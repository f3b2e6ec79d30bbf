-- The plans of lua-scripts build, twice with the same bytes, canonically, and as the golden files say.
-- RB_GOLDEN=write writes the golden files anew.
local kit = require "kit"
local world = require "world"

local test, equal, json = kit.test, kit.equal, kit.json
local writes = os.getenv("RB_GOLDEN") == "write"

-- What lint advises: the plan's own p99 guard has no floor.
local warnings = {
	["ranker/serve-version"] = "ranker-serve-version.lua:35: rollback_if: a percent of a baseline of 0 is 0; "
		.. "give it at_least = the least value that is bad",
}

local function golden(name, output)
	local path = kit.here .. "/golden/" .. name:gsub("/", "-") .. ".json"
	local text = json.encode({ graph = output.graph, lines = output.lines, manifest = output.manifest }, true) .. "\n"
	if writes then
		local file = assert(io.open(path, "wb"))
		file:write(text)
		file:close()
	end
	return text, kit.read(path)
end

for _, name in ipairs(world.names) do
	test(name .. " builds", function()
		local output = kit.ok(kit.evaluate(world.input(name)))
		local text, wanted = golden(name, output)
		equal(text, wanted, "golden file")
		equal(#output.unused, 0, "unused parameters")
	end)

	test(name .. " builds twice the same", function()
		local _, first = kit.evaluate(world.input(name))
		local output, second = kit.evaluate(world.input(name))
		equal(first, second)
		equal(json.encode(output), second, "canonical form")
	end)

	test(name .. " passes lint", function()
		local output = kit.evaluate {
			verb = "lint", file = world.file_of(name), script = world.script_of(name), modules = world.modules_of(name),
			calls = world.calls(),
		}
		equal(table.concat(kit.errors(output), "\n"), "")
		equal(output.ok, true)
		equal(table.concat(kit.errors { errors = output.warnings }, "\n"), warnings[name] or "")
	end)
end

test("a plan with restore can be built for restore", function()
	local output = kit.ok(kit.evaluate(world.input("checkout/drain-zone", "restore")))
	equal(output.graph.action, "restore")
	equal(output.graph.body[1].title, "let it back in")
	equal(output.graph.restore, nil)
end)
