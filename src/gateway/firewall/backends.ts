import { FirewallError, type Firewall } from './firewall.js';
import { IptablesFirewall } from './iptables/iptables.js';
import { NftFirewall } from './nft/nft.js';

/** The ways to a kernel. */
export const BACKENDS = ['iptables', 'nft'] as const;
export type Backend = (typeof BACKENDS)[number];

export const openFirewall = (backend: Backend): Firewall =>
  backend === 'nft' ? new NftFirewall() : new IptablesFirewall();

/**
 * Why a backend must not be used on this machine now: rules that another one made would translate the same ports. Undefined
 * when it may. Without the other's tool, or when its tables cannot be read, there is nothing to be found. The legacy
 * variant of iptables is not asked: looking makes its tables.
 */
export async function whyNot(
  backend: Backend,
  open: (backend: Backend) => Firewall = openFirewall,
): Promise<string | undefined> {
  for (const other of BACKENDS) {
    if (other === backend) continue;
    const firewall = open(other);
    try {
      for (const family of [4, 6] as const) {
        if ((await firewall.variant(family)).includes('legacy')) continue;
        if (!firewall.view(await firewall.read(family)).holdsAnything) continue;
        return (
          `rules that Berth made with ${other} are in the kernel, and would translate the same ports as those of ` +
          `${backend}: take them out with "berth gateway remove", or start with FIREWALL=${other}`
        );
      }
    } catch (error) {
      if (!(error instanceof FirewallError)) throw error;
    } finally {
      await firewall.close();
    }
  }
  return undefined;
}
