-- Each mistake is named at its line, with a remedy.
local kit = require "kit"
local mistakes = require "mistakes"
local world = require "world"

for _, row in ipairs(mistakes) do
	kit.test(row[1], function()
		local output = world.build(row[2])
		kit.equal(output.ok, false)
		kit.equal(table.concat(kit.errors(output), "\n"), "y.lua:" .. row[3])
	end)
end

kit.test("several forgotten nodes are told at once", function()
	local output = world.build('hold "1s"\nhold "2s"\nreturn { hold "3s" }')
	kit.equal(table.concat(kit.errors(output), "\n"),
		"y.lua:5: hold is made here but stands in no list\ny.lua:6: hold is made here but stands in no list")
end)
