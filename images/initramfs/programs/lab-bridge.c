// SPDX-License-Identifier: Apache-2.0
/*
 * Joins a virtio-serial port, which is its standard input, to a port of this machine's own network:
 *   lab-bridge NAME PORT
 * Ends when the server closes the connection. A session survives that the serial port goes, and comes back under
 * another number with the same NAME: its driver is taken off while all devices are suspended, which it does not live
 * through (drivers/char/virtio_console.c).
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char bytes[64 * 1024];
static const char *name;
static int serial = STDIN_FILENO;

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "lab-bridge: %s: %s\n", what, strerror(errno));
	exit(1);
}

static void rest(void)
{
	nanosleep(&(struct timespec){ .tv_nsec = 10 * 1000 * 1000 }, NULL);
}

static int connect_to(const char *port)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(atoi(port)),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (server < 0 || connect(server, (struct sockaddr *)&address, sizeof(address)))
		fail("the server");
	return server;
}

static int is_ours(const char *folder)
{
	char path[256], found[64] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/name", folder);
	file = fopen(path, "re");
	if (!file)
		return 0;
	if (fscanf(file, "%63s", found) != 1)
		found[0] = 0;
	fclose(file);
	return !strcmp(found, name);
}

/* Tries once to open the port anew. */
static void reopen(void)
{
	glob_t ports;
	size_t i;

	if (glob("/sys/class/virtio-ports/*", 0, NULL, &ports))
		return;
	for (i = 0; i < ports.gl_pathc; i++) {
		char path[256];
		int fd;

		if (!is_ours(ports.gl_pathv[i]))
			continue;
		snprintf(path, sizeof(path), "/dev/%s", strrchr(ports.gl_pathv[i], '/') + 1);
		fd = open(path, O_RDWR | O_CLOEXEC);
		if (fd < 0)
			continue;
		close(serial);
		serial = fd;
	}
	globfree(&ports);
}

/* Whether all was written to the server. */
static int to_server(int server, ssize_t count)
{
	ssize_t at = 0;

	while (at < count) {
		ssize_t some = write(server, bytes + at, count - at);

		if (some > 0)
			at += some;
		else if (errno != EINTR)
			return 0;
	}
	return 1;
}

static void to_serial(ssize_t count)
{
	ssize_t at = 0;

	while (at < count) {
		ssize_t some = write(serial, bytes + at, count - at);

		if (some > 0) {
			at += some;
			continue;
		}
		rest();
		if (errno == ENODEV)
			reopen();
	}
}

/* Whether the server still takes what comes. */
static int from_serial(int server)
{
	ssize_t count = read(serial, bytes, sizeof(bytes));

	if (count > 0)
		return to_server(server, count);
	rest();
	if (count < 0 && errno == ENODEV)
		reopen();
	return 1;
}

int main(int argc, char **argv)
{
	int server;

	if (argc != 3) {
		errno = EINVAL;
		fail("NAME PORT");
	}
	name = argv[1];
	server = connect_to(argv[2]);

	for (;;) {
		struct pollfd ends[] = {
			{ .fd = serial, .events = POLLIN },
			{ .fd = server, .events = POLLIN },
		};
		ssize_t count;

		if (poll(ends, 2, -1) < 0)
			continue;
		if (ends[0].revents && !from_serial(server))
			return 0;
		if (!ends[1].revents)
			continue;
		count = read(server, bytes, sizeof(bytes));
		if (count == 0 || (count < 0 && errno != EINTR))
			return 0;
		if (count > 0)
			to_serial(count);
	}
}
