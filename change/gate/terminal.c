#include "change/gate/terminal.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

int terminal_open(struct terminal *ret, struct error *err)
{
	struct terminal terminal = TERMINAL_INIT;
	struct winsize size;
	int flags = O_RDWR | O_NOCTTY | O_CLOEXEC;

	terminal.master = posix_openpt(flags | O_NONBLOCK);
	if (terminal.master < 0 || grantpt(terminal.master) < 0 || unlockpt(terminal.master) < 0)
		goto failed;
	terminal.slave = ioctl(terminal.master, TIOCGPTPEER, flags);
	if (terminal.slave < 0 || tcgetattr(STDIN_FILENO, &terminal.saved) < 0 ||
		tcsetattr(terminal.slave, TCSANOW, &terminal.saved) < 0)
		goto failed;
	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) == 0)
		ioctl(terminal.master, TIOCSWINSZ, &size);
	*ret = terminal;
	return 0;
failed:
	error_errno(err, ERROR_IO, "a terminal for the run");
	terminal_close(&terminal);
	return err->code;
}

void terminal_make_raw(struct terminal *terminal)
{
	struct termios raw = terminal->saved;

	cfmakeraw(&raw);
	terminal->is_raw = tcsetattr(STDIN_FILENO, TCSADRAIN, &raw) == 0;
}

void terminal_close(struct terminal *terminal)
{
	if (terminal->is_raw)
		tcsetattr(STDIN_FILENO, TCSADRAIN, &terminal->saved);
	if (terminal->master >= 0)
		close(terminal->master);
	if (terminal->slave >= 0)
		close(terminal->slave);
	terminal->master = terminal->slave = -1;
	terminal->is_raw = false;
}

bool terminal_follow_size(struct terminal *terminal, unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize ours, theirs;

	if (ioctl(STDIN_FILENO, TIOCGWINSZ, &ours) < 0 ||
		ioctl(terminal->master, TIOCGWINSZ, &theirs) < 0 ||
		!memcmp(&ours, &theirs, sizeof(ours)))
		return false;
	ioctl(terminal->master, TIOCSWINSZ, &ours);
	*ret_columns = ours.ws_col;
	*ret_rows = ours.ws_row;
	return true;
}

void terminal_size(unsigned *ret_columns, unsigned *ret_rows)
{
	struct winsize size = {0};

	ioctl(STDIN_FILENO, TIOCGWINSZ, &size);
	*ret_columns = size.ws_col;
	*ret_rows = size.ws_row;
}

bool terminal_is_hidden(const struct terminal *terminal)
{
	struct termios state;

	return tcgetattr(terminal->master, &state) == 0 && (state.c_lflag & ICANON) &&
	       !(state.c_lflag & ECHO);
}

#define INTERRUPT 3 /* Ctrl-C: signals are off, so that the terminal is put back in any case */

static bool read_line(int fd, char *ret, size_t size)
{
	size_t length = 0;
	char c;

	while (read(fd, &c, 1) == 1 && c != '\n') {
		if (length + 1 >= size || c == INTERRUPT)
			return false;
		ret[length++] = c;
	}
	ret[length] = 0;
	return length > 0;
}

bool terminal_ask_hidden(const char *question, char *ret, size_t size)
{
	int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios shown, hidden;
	bool is_read = false;

	if (fd >= 0 && tcgetattr(fd, &shown) == 0) {
		hidden = shown;
		hidden.c_lflag &= (tcflag_t) ~(ECHO | ISIG);
		/* First: what is typed as soon as the question is seen is neither shown nor lost.
		 */
		tcsetattr(fd, TCSAFLUSH, &hidden);
		dprintf(fd, "%s", question);
		is_read = read_line(fd, ret, size);
		tcsetattr(fd, TCSAFLUSH, &shown);
		dprintf(fd, "\n");
	}
	if (fd >= 0)
		close(fd);
	return is_read;
}
