local MAX_BYTES = 16384
local MAX_STEPS = 200

return {
	id = "TEXT-002", severity = "H", tier = "ENFORCE", on_error = "block", waivable = "none", owner = "security",
	title = "too long to be read",
	looks_at = "a rendering longer than 16 KiB or more than 200 steps",
	why = "Nobody reads it to the end, and some tools do not show the end.",
	suggestion = "Split the change, or attach the long part as a file that is shown whole.",
	doc = "docs/rules.md#text-002",
	check = function(input, report)
		local request = input.request
		if request.rendering_bytes > MAX_BYTES then
			report {
				seen = request.rendering_bytes .. " bytes",
				message = "the change is " .. request.rendering_bytes .. " bytes long, " .. MAX_BYTES .. " are the most: split or attach as file",
			}
		end
		local steps = math.max(request.step_count, #input.steps)
		if steps > MAX_STEPS then
			report { seen = steps .. " steps", message = "the change has " .. steps .. " steps, " .. MAX_STEPS .. " are the most: split or attach as file" }
		end
	end,
	tests = {
		fires = {
			{
				name = "one byte too long", messages = { "the change is 16385 bytes long, 16384 are the most: split or attach as file" },
				input = { request = { rendering_bytes = 16385 } },
			},
			{
				name = "one step too many", messages = { "the change has 201 steps, 200 are the most: split or attach as file" },
				input = { request = { step_count = 201 } },
			},
		},
		quiet = {
			{ name = "just short enough", input = { request = { rendering_bytes = 16384, step_count = 200 } } },
		},
	},
}
