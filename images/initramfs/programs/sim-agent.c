// SPDX-License-Identifier: Apache-2.0
/*
 * First process of a simulated guest. It asks the simulator's port (qemu-device/port/sim_port.c) for a task, a
 * cpio archive ("newc") to unpack, runs /sim/run and hands in what came of it, again and again. The first time
 * it has nothing to hand in: that is where the machine is saved.
 *
 * A result is three 32-bit numbers (exit status as a shell has it, bytes of standard output, bytes of standard
 * error) and the bytes. A program of its own because each process that is started costs a debug kernel some ten
 * million instructions, and each fork of a saved machine pays for it.
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
#define TASK_SIZE (32 << 20)
#define RESULT_SIZE (1 << 20)
#define MOST_OUTPUT ((RESULT_SIZE - 16) / 2)
#define WORK "/sim/run"
#define STDOUT "/run/sim.out"
#define STDERR "/run/sim.err"

enum { REG_TASK_LENGTH = 0, REG_RESULT_LENGTH = 1, REG_ASK = 2, REG_EXIT = 3 };
enum { CANNOT_RUN = 125 };

static volatile uint32_t *registers;

_Noreturn static void end(int status)
{
	if (registers)
		registers[REG_EXIT] = (uint32_t)status;
	for (;;)
		pause();
}

_Noreturn static void fail(const char *what)
{
	fprintf(stderr, "sim-agent: %s: %s\n", what, strerror(errno));
	end(CANNOT_RUN);
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

	while (at < length) {
		/* Archives may be joined, with a trailer and zeros between them. */
		if (input[at] == 0) {
			at++;
			continue;
		}
		if (at + header_size > length || memcmp(input + at, "070701", 6))
			break;

		const char *header = input + at;
		const char *name = header + header_size;
		uint32_t mode = header_field(header, 1);
		size_t size = header_field(header, 6);
		size_t name_size = header_field(header, 11);
		size_t data = aligned(at + header_size + name_size);

		if (name_size == 0 || data > length || size > length - data || name[name_size - 1] != 0)
			break;
		if (S_ISDIR(mode)) {
			if (mkdir(name, mode & 0777) && errno != EEXIST)
				fail(name);
		} else if (S_ISREG(mode)) {
			write_file(name, O_CREAT | O_TRUNC, mode & 0777, input + data, size);
		}
		at = aligned(data + size);
	}
	if (at >= length)
		return;
	errno = EINVAL;
	fail("the task");
}

static int run(void)
{
	pid_t ended, child = vfork();
	int status = 0;

	if (child < 0)
		fail(WORK);
	if (child == 0) {
		int out = open(STDOUT, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int err = open(STDERR, O_WRONLY | O_CREAT | O_TRUNC, 0600);
		int none = open("/dev/null", O_RDONLY);

		if (dup2(none, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
			_exit(CANNOT_RUN);
		close(none);
		close(out);
		close(err);
		execl(WORK, WORK, (char *)NULL);
		_exit(CANNOT_RUN);
	}
	/* Orphans come to the first process. */
	do {
		ended = wait(&status);
	} while (ended != child && (ended >= 0 || errno == EINTR));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* The beginning of a file, copied to where a device maps it: the kernel itself does not write there. */
static uint32_t copy_output(const char *path, char *to)
{
	static char buffer[MOST_OUTPUT];
	size_t length = 0;
	ssize_t some;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return 0;
	while (length < sizeof(buffer) &&
	       (some = read(fd, buffer + length, sizeof(buffer) - length)) > 0)
		length += (size_t)some;
	close(fd);
	memcpy(to, buffer, length);
	return (uint32_t)length;
}

/* Unpacks and runs the task; the result's length. */
static uint32_t work(const char *task, size_t length, char *result)
{
	uint32_t *header = (uint32_t *)result;
	char *text = result + 3 * sizeof(*header);
	char *copy = malloc(length);

	if (!copy)
		fail("the task");
	/* Nor does it read there. */
	memcpy(copy, task, length);
	unpack(copy, length);
	free(copy);
	header[0] = (uint32_t)run();
	header[1] = copy_output(STDOUT, text);
	header[2] = copy_output(STDERR, text + header[1]);
	return (uint32_t)(3 * sizeof(*header)) + header[1] + header[2];
}

int main(void)
{
	const char *port = find_port();
	const char *task;
	char *result;
	uint32_t length = 0;

	enable(port);
	registers = map_bar(port, 0, (size_t)sysconf(_SC_PAGESIZE), PROT_READ | PROT_WRITE);
	task = map_bar(port, 2, TASK_SIZE, PROT_READ);
	result = map_bar(port, 4, RESULT_SIZE, PROT_READ | PROT_WRITE);
	if (chdir("/"))
		fail("/");
	for (;;) {
		registers[REG_RESULT_LENGTH] = length;
		registers[REG_ASK] = 1;
		if (registers[REG_TASK_LENGTH] == 0)
			end(0);
		length = work(task, registers[REG_TASK_LENGTH], result);
	}
}
