// SPDX-License-Identifier: Apache-2.0
/*
 * Where a guest is saved that others are forked from: says on its standard output that it waits, and takes from its
 * standard input, when it goes on, what a machine that slept in a file cannot know. One line: seconds and nanoseconds
 * of the clock, and random bytes in hexadecimal digits, without which all forks would draw the same numbers
 * (drivers/char/random.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/random.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#define SEED_SIZE 32

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "lab-wait: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A byte at a time: what comes after the line is not ours. */
static void read_line(char *line, size_t size)
{
	size_t at = 0;

	while (at + 1 < size) {
		ssize_t some = read(STDIN_FILENO, line + at, 1);

		if (some < 0 && errno == EINTR)
			continue;
		if (some <= 0)
			fail("the line to go on with");
		if (line[at] == '\n')
			break;
		at++;
	}
	line[at] = 0;
}

static void set_clock(long long seconds, long nanoseconds)
{
	struct timespec now = { .tv_sec = seconds, .tv_nsec = nanoseconds };

	if (clock_settime(CLOCK_REALTIME, &now))
		fail("the clock");
}

static void seed_random(const char *digits)
{
	struct rand_pool_info *seed = calloc(1, sizeof(*seed) + SEED_SIZE);
	int i, fd = open("/dev/urandom", O_WRONLY | O_CLOEXEC);

	if (!seed || fd < 0)
		fail("/dev/urandom");
	seed->entropy_count = SEED_SIZE * 8;
	seed->buf_size = SEED_SIZE;
	for (i = 0; i < SEED_SIZE; i++)
		sscanf(digits + 2 * i, "%2hhx", (unsigned char *)seed->buf + i);
	/* The second makes what was drawn in advance void. */
	if (ioctl(fd, RNDADDENTROPY, seed) || ioctl(fd, RNDRESEEDCRNG))
		fail("/dev/urandom");
	close(fd);
	free(seed);
}

int main(void)
{
	char line[128], digits[2 * SEED_SIZE + 1];
	long long seconds;
	long nanoseconds;

	if (write(STDOUT_FILENO, "waiting\n", 8) != 8)
		fail("saying that it waits");
	read_line(line, sizeof(line));
	if (sscanf(line, "%lld %ld %64[0-9a-f]", &seconds, &nanoseconds, digits) != 3 ||
	    strlen(digits) != 2 * SEED_SIZE) {
		errno = EINVAL;
		fail("the line to go on with");
	}
	set_clock(seconds, nanoseconds);
	seed_random(digits);
	return 0;
}
