// SPDX-License-Identifier: GPL-2.0
/*
 * Static inline functions and macros of the kernel that the fast paths of a
 * network driver need, made callable from Rust. With
 * CONFIG_RUST_INLINE_HELPERS they are inlined into the Rust code, see Kbuild.
 *
 * helper_<name>() does what <name>() does, and nothing is decided here. It is
 * what rust/helpers/ has for other subsystems. abstractions/ffi.rs repeats
 * every declaration.
 */
#include <linux/cpumask.h>
#include <linux/dma-mapping.h>
#include <linux/etherdevice.h>
#include <linux/if_vlan.h>
#include <linux/mm.h>
#include <linux/netdevice.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <net/netdev_queues.h>
#include <net/page_pool/helpers.h>

#include "shim.h"

/* As in rust/helpers/helpers.c, which says why. */
#define __rust_helper __always_inline

/* Net device and its transmit queues */

__rust_helper void *helper_netdev_priv(const struct net_device *dev)
{
	return netdev_priv(dev);
}

__rust_helper netdev_features_t
helper_netdev_features(const struct net_device *dev)
{
	return READ_ONCE(dev->features);
}

__rust_helper bool helper_netdev_xmit_more(void)
{
	return netdev_xmit_more();
}

__rust_helper struct netdev_queue *
helper_netdev_get_tx_queue(const struct net_device *dev, unsigned int i)
{
	return netdev_get_tx_queue(dev, i);
}

__rust_helper void helper_netif_tx_stop_queue(struct netdev_queue *txq)
{
	netif_tx_stop_queue(txq);
}

__rust_helper void helper_netif_tx_start_queue(struct netdev_queue *txq)
{
	netif_tx_start_queue(txq);
}

__rust_helper bool helper_netif_tx_queue_stopped(const struct netdev_queue *txq)
{
	return netif_tx_queue_stopped(txq);
}

__rust_helper bool helper___netdev_tx_sent_queue(struct netdev_queue *txq,
						 unsigned int bytes, bool more)
{
	return __netdev_tx_sent_queue(txq, bytes, more);
}

__rust_helper void helper_netdev_txq_completed_mb(struct netdev_queue *txq,
						  unsigned int packets,
						  unsigned int bytes)
{
	netdev_txq_completed_mb(txq, packets, bytes);
}

/* Frames to be sent */

__rust_helper u16 helper_skb_get_queue_mapping(const struct sk_buff *skb)
{
	return skb_get_queue_mapping(skb);
}

__rust_helper unsigned int helper_skb_nr_frags(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->nr_frags;
}

__rust_helper unsigned int helper_skb_frag_size(const struct sk_buff *skb,
						unsigned int i)
{
	return skb_frag_size(&skb_shinfo(skb)->frags[i]);
}

__rust_helper dma_addr_t helper_skb_frag_dma_map(struct device *dev,
						 const struct sk_buff *skb,
						 unsigned int i)
{
	const skb_frag_t *frag = &skb_shinfo(skb)->frags[i];

	return skb_frag_dma_map(dev, frag, 0, skb_frag_size(frag),
				DMA_TO_DEVICE);
}

__rust_helper bool helper_skb_csum_partial(const struct sk_buff *skb)
{
	return skb->ip_summed == CHECKSUM_PARTIAL;
}

__rust_helper int helper_skb_checksum_start_offset(const struct sk_buff *skb)
{
	return skb_checksum_start_offset(skb);
}

__rust_helper u16 helper_skb_csum_offset(const struct sk_buff *skb)
{
	return skb->csum_offset;
}

__rust_helper unsigned int helper_skb_gso_size(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_size;
}

__rust_helper unsigned int helper_skb_gso_segs(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_segs;
}

__rust_helper unsigned int helper_skb_gso_type(const struct sk_buff *skb)
{
	return skb_shinfo(skb)->gso_type;
}

__rust_helper int helper_skb_tcp_all_headers(const struct sk_buff *skb)
{
	return skb_tcp_all_headers(skb);
}

__rust_helper unsigned int
helper_skb_network_header_len(const struct sk_buff *skb)
{
	return skb_network_header_len(skb);
}

__rust_helper netdev_features_t
helper_vlan_features_check(struct sk_buff *skb, netdev_features_t features)
{
	return vlan_features_check(skb, features);
}

__rust_helper void helper_skb_tx_timestamp(struct sk_buff *skb)
{
	skb_tx_timestamp(skb);
}

/* Received frames */

__rust_helper struct sk_buff *helper_napi_build_skb(void *data,
						    unsigned int truesize,
						    unsigned int len)
{
	struct sk_buff *skb = napi_build_skb(data, truesize);

	if (unlikely(!skb))
		return NULL;
	skb_reserve(skb, SHIM_RX_HEADROOM);
	__skb_put(skb, len);
	skb_mark_for_recycle(skb);
	return skb;
}

__rust_helper void helper_skb_add_rx_frag(struct sk_buff *skb, void *va,
					  unsigned int len,
					  unsigned int truesize)
{
	skb_add_rx_frag(skb, skb_shinfo(skb)->nr_frags, virt_to_head_page(va),
			offset_in_page(va) + SHIM_RX_HEADROOM, len, truesize);
}

__rust_helper void helper_skb_set_hash(struct sk_buff *skb, u32 hash, bool l4)
{
	skb_set_hash(skb, hash, l4 ? PKT_HASH_TYPE_L4 : PKT_HASH_TYPE_L3);
}

__rust_helper void helper_skb_csum_unnecessary(struct sk_buff *skb)
{
	skb->ip_summed = CHECKSUM_UNNECESSARY;
}

__rust_helper void helper_skb_record_rx_queue(struct sk_buff *skb, u16 queue)
{
	skb_record_rx_queue(skb, queue);
}

__rust_helper void helper_napi_gro_receive(struct shim_napi *n,
					   struct sk_buff *skb)
{
	skb->protocol = eth_type_trans(skb, n->napi.dev);
	napi_gro_receive(&n->napi, skb);
}

/* NAPI */

__rust_helper void *helper_napi_ctx(struct napi_struct *napi)
{
	return container_of(napi, struct shim_napi, napi)->ctx;
}

__rust_helper void helper_napi_schedule_irqoff(struct shim_napi *n)
{
	napi_schedule_irqoff(&n->napi);
}

__rust_helper bool helper_napi_complete_done(struct shim_napi *n, int work)
{
	return napi_complete_done(&n->napi, work);
}

/* Streaming DMA */

__rust_helper dma_addr_t helper_dma_map_single(struct device *dev, void *data,
					       size_t len,
					       enum dma_data_direction dir)
{
	return dma_map_single(dev, data, len, dir);
}

__rust_helper void helper_dma_unmap_page(struct device *dev, dma_addr_t addr,
					 size_t len,
					 enum dma_data_direction dir)
{
	dma_unmap_page(dev, addr, len, dir);
}

__rust_helper bool helper_dma_mapping_error(struct device *dev, dma_addr_t addr)
{
	return dma_mapping_error(dev, addr);
}

/* Page pool */

/*
 * Never sleeps: page_pool keeps its books under a lock that turns softirqs off,
 * and does not let go of it to wait for memory.
 */
__rust_helper bool helper_page_pool_alloc(struct page_pool *pool,
					  unsigned int size, void **va,
					  dma_addr_t *addr)
{
	const gfp_t gfp = GFP_ATOMIC | __GFP_NOWARN;
	unsigned int offset;
	struct page *page = page_pool_alloc_frag(pool, &offset, size, gfp);

	if (unlikely(!page))
		return false;

	*va = page_address(page) + offset;
	*addr = page_pool_get_dma_addr(page) + offset + SHIM_RX_HEADROOM;
	return true;
}

__rust_helper void helper_page_pool_sync_for_cpu(struct page_pool *pool,
						 void *va, unsigned int len)
{
	if (dma_dev_need_sync(pool->p.dev))
		page_pool_dma_sync_for_cpu(pool, virt_to_head_page(va),
					   offset_in_page(va) +
					   SHIM_RX_HEADROOM, len);
}

__rust_helper dma_addr_t helper_page_pool_dma_addr(void *va)
{
	return page_pool_get_dma_addr(virt_to_head_page(va)) +
	       offset_in_page(va) + SHIM_RX_HEADROOM;
}

__rust_helper void helper_page_pool_put(void *va, bool direct)
{
	struct page *page = virt_to_head_page(va);

	page_pool_put_full_page(pp_page_to_nmdesc(page)->pp, page, direct);
}

/* Others */

__rust_helper unsigned int helper_num_online_cpus(void)
{
	return num_online_cpus();
}

__rust_helper void helper_writel(u32 value, void __iomem *addr)
{
	writel(value, addr);
}
