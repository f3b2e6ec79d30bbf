-- describe gives the language as data, and the documents made from it are up to date.
local kit = require "kit"
local world = require "world"

local test, equal = kit.test, kit.equal

local function language()
	return kit.ok(kit.evaluate { verb = "describe" }).language
end

test("every constructor that is described exists, and the other way round", function()
	for _, row in ipairs(language().constructors) do
		local output = world.build("local x = " .. row.name .. "\nreturn { hold '1s' }")
		equal(output.ok, true, row.name)
	end
	local listed = {}
	for _, row in ipairs(language().constructors) do
		listed[row.name] = true
	end
	for _, name in ipairs(language().lua_names) do
		listed[name] = true
	end
	for _, name in ipairs { "set", "step", "switch", "percent", "require", "table" } do
		equal(listed[name], true, name)
	end
end)

test("every register that is described exists", function()
	local count = 0
	for _, kind in ipairs(language().kinds) do
		for _, part in ipairs { "registers", "readings", "actions" } do
			count = count + #kind[part]
			for _, row in ipairs(kind[part]) do
				local script = 'plan { name = "x", kind = "shift", summary = "s", owner = "o", targets = { x = { ' .. kind.name
					.. ' = "x" } } }\nfunction apply(p, t)\nlocal f = t.x.' .. row.name .. "\nreturn { hold '1s' } end"
				local output = kit.evaluate { verb = "build", file = "y.lua", script = script, modules = {}, params = {}, calls = {},
					targets = { x = world.list(kind.name, { "x" }) } }
				equal(output.ok, true, kind.name .. "." .. row.name)
			end
		end
	end
	assert(count > 15, count)
end)

test("an unknown verb is an error", function()
	equal(kit.evaluate { verb = "run", file = "x.lua" }.errors[1].message, "there is no verb run")
end)

for _, made in ipairs { { "--docs", "docs/plan-language.md" }, { "--help-header", "plans/plan_language_help.h" } } do
	test(made[2] .. " is what script/language-doc writes", function()
		local pipe = assert(io.popen("lua5.4 '" .. kit.root .. "/script/language-doc' " .. made[1]))
		local text = pipe:read("a")
		equal(pipe:close(), true, "script/language-doc failed")
		if text ~= kit.read(kit.root .. "/" .. made[2]) then
			error("it is out of date: run script/language-doc", 0)
		end
	end)
end

test("the first plan of the reference builds and passes lint", function()
	local script = kit.read(kit.root .. "/docs/plan-language.md"):match("```lua\n(.-)```")
	local targets = { prom = world.list("prometheus", { "prom-main" }) }
	kit.ok(kit.evaluate { verb = "build", file = "x.lua", script = script, modules = {}, params = {}, targets = targets, calls = {} })
	local output = kit.ok(kit.evaluate { verb = "lint", file = "x.lua", script = script, modules = {}, calls = {} })
	equal(#output.warnings, 0)
end)
