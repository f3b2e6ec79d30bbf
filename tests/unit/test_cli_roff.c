#include "lib/cli/roff.h"
#include "tests/unit/check_main.h"

#include <stdlib.h>
#include <string.h>

static struct buf page;

static void expect(const char *wanted)
{
	ck_assert_str_eq(buf_text(&page), wanted);
	buf_done(&page);
}

START_TEST(nothing_in_a_text_is_read_as_a_request)
{
	roff_paragraph(&page, ".so /etc/passwd\n'quoted\n\\*(x a-b\n");
	expect("\\&.so /etc/passwd 'quoted \\e*(x a\\-b\n");
	roff_lines(&page, ".SH x\n'y\n");
	expect(".nf\n\\&.SH x\n\\&'y\n.fi\n");
	roff_heading(&page, "say \"it\"");
	expect(".SH \"say \\(dqit\\(dq\"\n");
	roff_item(&page, ".x", NULL, "text");
	expect(".TP\n\\fB.x\\fR\ntext\n");
}
END_TEST

START_TEST(paragraphs_are_filled_and_blocks_stay)
{
	roff_paragraph(&page, "one\ntwo\n\n\nthree\n  a  b\n  c\nfour");
	expect("one two\n.PP\nthree\n.nf\n  a  b\n  c\n.fi\nfour\n");
	roff_paragraph(&page, "");
	expect("");
	roff_paragraph(&page, "  only this");
	expect(".nf\n  only this\n.fi\n");
}
END_TEST

START_TEST(lines_of_the_source_are_short)
{
	char text[400] = "";

	for (int i = 0; i < 30; i++)
		strcat(text, "twelve-bytes ");
	roff_paragraph(&page, text);
	for (const char *line = buf_text(&page); *line; line += strcspn(line, "\n") + 1)
		ck_assert_uint_le(strcspn(line, "\n"), 90);
	buf_done(&page);
}
END_TEST

START_TEST(the_date_is_that_of_the_source)
{
	setenv("SOURCE_DATE_EPOCH", "86400", 1);
	roff_begin(&page, "red-button", 8, "does - it");
	expect(".TH RED-BUTTON 8 1970-01-02 \"redbutton " RB_VERSION
	       "\"\n.SH NAME\nred\\-button \\-\ndoes \\- it\n");
}
END_TEST

START_TEST(the_last_section_names_other_pages)
{
	static const char *const pages[] = {"a-b 8", "c 5"};

	roff_see_also(&page, pages, 2);
	expect(".SH \"SEE ALSO\"\n.BR a\\-b (8),\n.BR c (5)\n");
}
END_TEST

CHECK_MAIN("cli_roff", &nothing_in_a_text_is_read_as_a_request,
	&paragraphs_are_filled_and_blocks_stay, &lines_of_the_source_are_short,
	&the_date_is_that_of_the_source, &the_last_section_names_other_pages)
