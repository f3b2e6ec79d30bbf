-- Runs the tests of the plan language: lua5.4 tests/lua/run.lua [test_x.lua ...]
-- Prints what failed and "N passed, N failed"; ends with 1 when something failed.
local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua;" .. package.path

local json = require "json"
local host = require "host"

local ALL = {
	"test_plans", "test_mistakes", "test_params", "test_manifest", "test_graph", "test_targets", "test_values",
	"test_locks", "test_lint", "test_describe", "test_modules", "test_call", "test_speed", "test_fuzz", "test_rules",
}

local root = here .. "/../.."
local passed, failed = 0, 0

local kit = { root = root, json = json, here = here }

function kit.read(path)
	local file = assert(io.open(path, "rb"))
	local text = file:read("a")
	file:close()
	return text
end

-- One evaluation in a fresh prelude; also the raw bytes.
function kit.evaluate(input)
	local evaluate = host.open(root .. "/executor/runner/prelude")
	local bytes = table.concat(evaluate(input))
	return json.decode(bytes), bytes
end

-- The text form of the errors of an output.
function kit.errors(output)
	local list = setmetatable({}, json.array_mt)
	for i, one in ipairs(output.errors or {}) do
		list[i] = one.file .. ":" .. one.line .. ": " .. one.message
	end
	return list
end

local function show(value)
	return type(value) == "table" and json.encode(value) or tostring(value)
end

function kit.equal(got, wanted, what)
	if show(got) ~= show(wanted) then
		error((what or "not equal") .. "\n\twanted: " .. show(wanted) .. "\n\tgot:    " .. show(got), 2)
	end
end

function kit.ok(output)
	if not output.ok then
		error("refused: " .. table.concat(kit.errors(output), "; "), 2)
	end
	return output
end

function kit.test(name, body)
	local ok, problem = xpcall(body, function(message)
		return type(message) == "string" and message or debug.traceback(show(message))
	end)
	if ok then
		passed = passed + 1
	else
		failed = failed + 1
		print("FAILED " .. name .. ": " .. tostring(problem))
	end
end

package.loaded.kit = kit

local names = #arg > 0 and arg or ALL
for _, name in ipairs(names) do
	dofile(here .. "/" .. name:gsub("%.lua$", "") .. ".lua")
end
print(passed .. " passed, " .. failed .. " failed")
os.exit(failed == 0 and passed > 0)
