import { createHash } from 'node:crypto';
import type { Protocol } from './desired-state.js';

export interface RuleContent {
  protocol: Protocol;
  connectionPort: number;
  address: string;
  targetPort: number;
  /** As in `DesiredMap`; 1 is the same as absent. */
  size?: number;
  /** As in `DesiredMap`; empty is the same as absent. */
  sources?: readonly string[];
}

/**
 * Identity of a port map's kernel rule by its content: `berth1:` and 16 hex digits of SHA-256 over key and value.
 * Computed once, when the row is written; hashing 50,000 of them at every pass would be the one dear step of a diff.
 */
export function ruleId(content: RuleContent): string {
  const { protocol, connectionPort, address, targetPort, size = 1, sources = [] } = content;
  const ports = size === 1 ? connectionPort : `${connectionPort}+${size}`;
  const text = [protocol, ports, address, targetPort, ...sources].join('|');
  return `berth1:${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
}
