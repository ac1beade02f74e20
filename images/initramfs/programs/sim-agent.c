// SPDX-License-Identifier: Apache-2.0
/*
 * First process of a simulated guest: stops the machine to be saved, unpacks what the simulator's port brings
 * when it goes on (qemu-device/port/sim_port.c; a cpio archive, "newc"), runs /sim/run and ends the machine
 * with its status. A program of its own because each process that is started costs a debug kernel some
 * ten million instructions, and this is paid for by each fork of a saved machine.
 *
 * The machine ends with 0 when there is nothing to run, 125 when something is wrong with the input.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define VENDOR "0x1234"
#define DEVICE "0xfe02"
#define INPUT_SIZE (32 << 20)
#define WORK "/sim/run"

enum { REG_LENGTH = 0, REG_CHECKPOINT = 1, REG_EXIT = 2 };
enum { BAD_INPUT = 125 };

static volatile uint32_t *registers;

_Noreturn static void end(int status)
{
	fflush(NULL);
	if (registers)
		registers[REG_EXIT] = (uint32_t)status;
	for (;;)
		pause();
}

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "sim-agent: %s: %s\n", what, strerror(errno));
	end(BAD_INPUT);
}

/* Whether the file of that name in the folder begins so. */
static int says(const char *folder, const char *name, const char *word)
{
	char path[256], text[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "r");
	if (!file)
		return 0;
	if (!fgets(text, sizeof(text), file))
		text[0] = 0;
	fclose(file);
	return strncmp(text, word, strlen(word)) == 0;
}

static const char *find_port(void)
{
	static glob_t found;
	size_t i;

	if (glob("/sys/bus/pci/devices/*", 0, NULL, &found) == 0)
		for (i = 0; i < found.gl_pathc; i++)
			if (says(found.gl_pathv[i], "vendor", VENDOR) &&
			    says(found.gl_pathv[i], "device", DEVICE))
				return found.gl_pathv[i];
	errno = ENODEV;
	fail("the simulator's port");
}

static void write_file(const char *path, int flags, mode_t mode, const char *data, size_t length)
{
	int fd = open(path, flags | O_WRONLY | O_CLOEXEC, mode);

	if (fd < 0)
		fail(path);
	while (length > 0) {
		ssize_t done = write(fd, data, length);

		if (done <= 0)
			fail(path);
		data += done;
		length -= (size_t)done;
	}
	close(fd);
}

static void *map_bar(const char *port, int bar, size_t length, int protection)
{
	char path[256];
	void *at;
	int fd;

	snprintf(path, sizeof(path), "%s/resource%d", port, bar);
	fd = open(path, (protection & PROT_WRITE ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (fd < 0)
		fail(path);
	at = mmap(NULL, length, protection, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		fail(path);
	close(fd);
	return at;
}

static void enable(const char *port)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/enable", port);
	if (!says(port, "enable", "1"))
		write_file(path, 0, 0, "1", 1);
}

static uint32_t header_field(const char *header, int index)
{
	char digits[9];

	memcpy(digits, header + 6 + 8 * index, 8);
	digits[8] = 0;
	return (uint32_t)strtoul(digits, NULL, 16);
}

static size_t aligned(size_t n)
{
	return (n + 3) & ~(size_t)3;
}

/* Format: Documentation/driver-api/early-userspace/buffer-format.rst. Folders and files, nothing else. */
static void unpack(const char *input, size_t length)
{
	const size_t header_size = 110;
	size_t at = 0;

	while (at + header_size <= length && memcmp(input + at, "070701", 6) == 0) {
		const char *header = input + at;
		const char *name = header + header_size;
		uint32_t mode = header_field(header, 1);
		size_t size = header_field(header, 6);
		size_t name_size = header_field(header, 11);
		size_t data = aligned(at + header_size + name_size);

		if (name_size == 0 || data > length || size > length - data || name[name_size - 1] != 0)
			break;
		if (strcmp(name, "TRAILER!!!") == 0)
			return;
		if (S_ISDIR(mode)) {
			if (mkdir(name, mode & 0777) && errno != EEXIST)
				fail(name);
		} else if (S_ISREG(mode)) {
			write_file(name, O_CREAT | O_TRUNC, mode & 0777, input + data, size);
		}
		at = aligned(data + size);
	}
	errno = EINVAL;
	fail("the input");
}

static int run(void)
{
	pid_t ended, child = vfork();
	int status = 0;

	if (child < 0)
		fail(WORK);
	if (child == 0) {
		execl(WORK, WORK, (char *)NULL);
		_exit(BAD_INPUT);
	}
	/* Orphans come to the first process. */
	do {
		ended = wait(&status);
	} while (ended != child && (ended >= 0 || errno == EINTR));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
	const char *port = find_port();
	const char *input;
	char *copy;
	size_t length;

	enable(port);
	registers = map_bar(port, 0, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE);
	input = map_bar(port, 2, INPUT_SIZE, PROT_READ);
	if (chdir("/"))
		fail("/");

	registers[REG_CHECKPOINT] = 1;

	length = registers[REG_LENGTH];
	if (length > 0) {
		/* The kernel does not copy from a mapping of a device. */
		copy = malloc(length);
		if (!copy)
			fail("the input");
		memcpy(copy, input, length);
		unpack(copy, length);
		free(copy);
	}
	end(access(WORK, X_OK) == 0 ? run() : 0);
}
