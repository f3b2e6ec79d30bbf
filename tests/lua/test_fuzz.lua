-- Plans with words taken out, replaced or exchanged: the answer is always canonical JSON, and every
-- error stands at a line of a plan and speaks of the plan, never of the prelude.
local kit = require "kit"
local world = require "world"

local json = kit.json
local seed = tonumber(os.getenv("RB_FUZZ_SEED")) or 1
local rounds = tonumber(os.getenv("RB_FUZZ_ROUNDS")) or 400

local WORDS = {
	"", "nil", "5", "-1", "'x'", "{}", "p", "t", "true", "0.1", "function() end", "p.zone", "baseline", "percent(5)", "hold '1s'",
	"switch 'shop/x'", "array {}", "null", "absent", "t.prom", "t.edges", "{ 1, 2 }", "{ a = 1 }", "math.huge", "0/0", "''", "'\\0'",
	"set", "percent { 1, 2 }", "t.prom:value('up')", "t.prom:value('up'):below(1)", "ipairs", "string", "step 'x'", "{ hold = '1s' }",
}
local PARAMS = { 5, "x", true, 1.5, -3, json.null, { a = 1 }, setmetatable({}, json.array_mt) }

local function pick(list)
	return list[math.random(#list)]
end

local function mutate(script)
	local places = {}
	for first, last in script:gmatch("()[%w_.\"']+()") do
		places[#places + 1] = { first, last }
	end
	local place, other = pick(places), pick(places)
	local words = { pick(WORDS), script:sub(other[1], other[2] - 1), script:sub(place[1], place[2] - 1) .. "x" }
	return script:sub(1, place[1] - 1) .. pick(words) .. script:sub(place[2])
end

local function case()
	local input = world.input(pick(world.names))
	for _ = 1, math.random(2) do
		input.script = mutate(input.script)
	end
	input.verb = pick { "build", "build", "lint" }
	local changed = {}
	for name, value in pairs(input.params) do
		changed[name] = math.random(4) == 1 and pick(PARAMS) or value
	end
	input.params = changed
	return input
end

kit.test(rounds .. " changed plans (seed " .. seed .. ")", function()
	math.randomseed(seed)
	for _ = 1, rounds do
		local input = case()
		local output, bytes = kit.evaluate(input)
		kit.equal(json.encode(output), bytes, "canonical")
		for _, row in ipairs(output.errors or {}) do
			if row.line == 0 or row.message:find("prelude", 1, true) then
				error(kit.errors(output)[1] .. "\n" .. input.script)
			end
		end
	end
end)
