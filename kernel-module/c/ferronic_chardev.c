// SPDX-License-Identifier: GPL-2.0
/*
 * Ferronic: /dev/ferronicN, the device's own memory as a file.
 *
 * Every open has a DMA buffer, through which the copy engine reads and writes.
 * The buffers belong to the device and go with it; what is left of a file that
 * is open then says that there is no device.
 */
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/list.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "ferronic.h"

/* Held by the device and by every open file. */
struct ferronic_chardev {
	struct kref kref;
	struct miscdevice misc;
	char name[20];
	struct mutex lock;		/* for the following, and all copies */
	struct ferronic_nic *nic;	/* NULL when the device has gone */
	struct list_head files;
};

struct ferronic_file {
	struct ferronic_chardev *chardev;
	struct list_head node;
	void *buffer;
	dma_addr_t dma;
};

static void ferronic_chardev_release(struct kref *kref)
{
	struct ferronic_chardev *chardev =
		container_of(kref, struct ferronic_chardev, kref);

	mutex_destroy(&chardev->lock);
	kfree(chardev);
}

static int ferronic_file_alloc(struct ferronic_file *file,
			       struct ferronic_chardev *chardev)
{
	if (!chardev->nic)
		return -ENODEV;

	file->buffer = dma_alloc_coherent(&chardev->nic->pdev->dev,
					  FERRONIC_DMA_MEMORY_SIZE, &file->dma,
					  GFP_KERNEL);
	if (!file->buffer)
		return -ENOMEM;

	list_add(&file->node, &chardev->files);
	return 0;
}

/* The engine is not at work on it: a copy ends before its call returns. */
static void ferronic_file_free(struct ferronic_file *file)
{
	struct ferronic_nic *nic = file->chardev->nic;

	dma_free_coherent(&nic->pdev->dev, FERRONIC_DMA_MEMORY_SIZE,
			  file->buffer, file->dma);
	file->buffer = NULL;
	list_del(&file->node);
}

static int ferronic_file_open(struct inode *inode, struct file *filp)
{
	struct ferronic_chardev *chardev =
		container_of(filp->private_data, struct ferronic_chardev, misc);
	struct ferronic_file *file;
	int err;

	file = kzalloc_obj(*file);
	if (!file)
		return -ENOMEM;
	file->chardev = chardev;

	mutex_lock(&chardev->lock);
	err = ferronic_file_alloc(file, chardev);
	mutex_unlock(&chardev->lock);
	if (err) {
		kfree(file);
		return err;
	}

	/* The removal of the device waits for open to return. */
	kref_get(&chardev->kref);
	filp->private_data = file;
	return 0;
}

static int ferronic_file_release(struct inode *inode, struct file *filp)
{
	struct ferronic_file *file = filp->private_data;
	struct ferronic_chardev *chardev = file->chardev;

	mutex_lock(&chardev->lock);
	if (file->buffer)
		ferronic_file_free(file);
	mutex_unlock(&chardev->lock);

	kfree(file);
	kref_put(&chardev->kref, ferronic_chardev_release);
	return 0;
}

static ssize_t ferronic_file_do_read(struct ferronic_file *file,
				     char __user *to, size_t count, u32 offset)
{
	int err;

	if (!file->buffer)
		return -ENODEV;

	err = ferronic_copy(file->chardev->nic, file->dma, offset, count, true);
	if (err)
		return err;
	return copy_to_user(to, file->buffer, count) ? -EFAULT : count;
}

static ssize_t ferronic_file_do_write(struct ferronic_file *file,
				      const char __user *from, size_t count,
				      u32 offset)
{
	int err;

	if (!file->buffer)
		return -ENODEV;
	if (copy_from_user(file->buffer, from, count))
		return -EFAULT;

	err = ferronic_copy(file->chardev->nic, file->dma, offset, count,
			    false);
	return err ?: count;
}

static ssize_t ferronic_file_read(struct file *filp, char __user *to,
				  size_t count, loff_t *pos)
{
	struct ferronic_file *file = filp->private_data;
	ssize_t done;

	if (*pos >= FERRONIC_DMA_MEMORY_SIZE)
		return 0;
	count = min_t(size_t, count, FERRONIC_DMA_MEMORY_SIZE - *pos);
	if (!count)
		return 0;

	if (mutex_lock_interruptible(&file->chardev->lock))
		return -ERESTARTSYS;
	done = ferronic_file_do_read(file, to, count, *pos);
	mutex_unlock(&file->chardev->lock);

	if (done > 0)
		*pos += done;
	return done;
}

static ssize_t ferronic_file_write(struct file *filp, const char __user *from,
				   size_t count, loff_t *pos)
{
	struct ferronic_file *file = filp->private_data;
	ssize_t done;

	if (!count)
		return 0;
	if (*pos >= FERRONIC_DMA_MEMORY_SIZE)
		return -ENOSPC;
	count = min_t(size_t, count, FERRONIC_DMA_MEMORY_SIZE - *pos);

	if (mutex_lock_interruptible(&file->chardev->lock))
		return -ERESTARTSYS;
	done = ferronic_file_do_write(file, from, count, *pos);
	mutex_unlock(&file->chardev->lock);

	if (done > 0)
		*pos += done;
	return done;
}

static loff_t ferronic_file_llseek(struct file *filp, loff_t offset, int whence)
{
	return fixed_size_llseek(filp, offset, whence,
				 FERRONIC_DMA_MEMORY_SIZE);
}

static const struct file_operations ferronic_file_operations = {
	.owner		= THIS_MODULE,
	.open		= ferronic_file_open,
	.release	= ferronic_file_release,
	.read		= ferronic_file_read,
	.write		= ferronic_file_write,
	.llseek		= ferronic_file_llseek,
};

/*
 * The place on the bus as one number: no other device has it, and no other
 * driver can have this device.
 */
static unsigned int ferronic_chardev_number(struct pci_dev *pdev)
{
	return pci_domain_nr(pdev->bus) << 16 | pci_dev_id(pdev);
}

static int ferronic_chardev_register(struct ferronic_chardev *chardev)
{
	struct pci_dev *pdev = chardev->nic->pdev;

	snprintf(chardev->name, sizeof(chardev->name), "ferronic%u",
		 ferronic_chardev_number(pdev));
	chardev->misc.minor = MISC_DYNAMIC_MINOR;
	chardev->misc.name = chardev->name;
	chardev->misc.fops = &ferronic_file_operations;
	chardev->misc.parent = &pdev->dev;
	return misc_register(&chardev->misc);
}

int ferronic_chardev_add(struct ferronic_nic *nic)
{
	struct ferronic_chardev *chardev;
	int err;

	chardev = kzalloc_obj(*chardev);
	if (!chardev)
		return -ENOMEM;

	kref_init(&chardev->kref);
	mutex_init(&chardev->lock);
	INIT_LIST_HEAD(&chardev->files);
	chardev->nic = nic;

	err = ferronic_chardev_register(chardev);
	if (err) {
		kref_put(&chardev->kref, ferronic_chardev_release);
		return err;
	}
	nic->chardev = chardev;
	return 0;
}

/* On return no file, open or not, reaches the device. */
void ferronic_chardev_remove(struct ferronic_nic *nic)
{
	struct ferronic_chardev *chardev = nic->chardev;
	struct ferronic_file *file, *next;

	misc_deregister(&chardev->misc);

	mutex_lock(&chardev->lock);
	list_for_each_entry_safe(file, next, &chardev->files, node)
		ferronic_file_free(file);
	chardev->nic = NULL;
	mutex_unlock(&chardev->lock);

	kref_put(&chardev->kref, ferronic_chardev_release);
}
