import { formatCidr, checkedCidr } from '../../ip/cidr.js';
import { storedAddress } from '../../ip/address.js';
import { invalidField } from '../../platform/problem/problem.js';
import { askedExpiry, type AskedExpiry } from '../reservations/expiry.js';

/** On what terms a port map is there. */
export interface PortMapTerms {
  /** Networks that may connect, canonical and sorted; empty for everybody. */
  sources: string[];
  /** When it ends by itself; null: when somebody ends it. */
  expiresAt: Date | null;
}

export const NO_TERMS: PortMapTerms = { sources: [], expiresAt: null };

/** What a request says of the terms: absent = as before, null = none. */
export interface AskedTerms extends AskedExpiry {
  sources?: string[] | null;
}

/** The terms after a request; 422 when they cannot be. `externalAddress` is the gateway's. */
export function termsAfter(before: PortMapTerms, asked: AskedTerms, externalAddress: string, now: Date): PortMapTerms {
  return {
    sources: asked.sources === undefined ? before.sources : sourcesOf(asked.sources ?? [], externalAddress),
    expiresAt: (askedExpiry(asked, now, 0) ?? before).expiresAt,
  };
}

function sourcesOf(texts: readonly string[], externalAddress: string): string[] {
  const { family } = storedAddress(externalAddress);
  const networks = texts.map((text) => {
    const cidr = checkedCidr(text);
    if (cidr.family !== family) {
      throw invalidField('sources', `must be IPv${family} networks, as the gateway's external address is: not ${text}`);
    }
    if (cidr.length === 0) {
      throw invalidField(
        'sources',
        `must be narrower than everybody (${text}); leave it empty to let everybody connect`,
      );
    }
    return formatCidr(cidr);
  });
  return [...new Set(networks)].sort();
}
