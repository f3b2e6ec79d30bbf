# `rcm help` as items of a page of the manual: what the program says, and nothing beside it.
function plain(text) {
	gsub(/\\/, "\\e", text)
	gsub(/-/, "\\-", text)
	sub(/^[.']/, "\\\\\\&&", text)
	return text
}

function leave_options() {
	if (in_options)
		print ".RE"
	in_options = 0
}

/^  rcm / {
	leave_options()
	arguments = $0
	sub(/^  rcm [a-z-]+ */, "", arguments)
	print ".TP"
	printf "\\fBrcm %s\\fR%s\n", $2, arguments == "" ? "" : " \\fI" plain(arguments) "\\fR"
	next
}

/^    --/ {
	if (!in_options)
		print ".RS"
	in_options = 1
	value = $2 ~ /^[A-Z=]+$/ ? $2 : ""
	text = $0
	sub(/^    --[a-z-]+( [A-Z=]+)? +/, "", text)
	print ".TP"
	printf "\\fB%s\\fR%s\n", plain($1), value == "" ? "" : " \\fI" value "\\fR"
	print plain(text)
	next
}

/^    / {
	sub(/^ +/, "")
	print plain($0)
	next
}

/^  Every other verb/ {
	leave_options()
	exit
}
