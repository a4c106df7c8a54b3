import type { DesiredMap, DesiredState, RemovedMap } from '../../src/contract/desired-state.js';
import { ruleId, type RuleContent } from '../../src/contract/rule-id.js';

/** A desired map with its rule id, named by its protocol and port unless given another id. */
export function desiredMap(content: RuleContent, id = `${content.protocol}-${content.connectionPort}`): DesiredMap {
  return { ...content, id, ruleId: ruleId(content) };
}

export const removed = ({ id, ruleId }: DesiredMap): RemovedMap => ({ id, ruleId });

export function desiredState(
  generation: number,
  maps: DesiredMap[],
  removing: RemovedMap[] = [],
  gateway: Partial<DesiredState['gateway']> = {},
): DesiredState {
  return {
    gateway: { id: 'gw-1', name: 'lab', externalAddress: '192.0.2.1', networks: ['10.20.0.0/16'], ...gateway },
    generation,
    maps,
    removing,
  };
}

/** `count` TCP maps on consecutive ports from `first`, all to different machines or ports. */
export function manyMaps(count: number, first = 20_000, targetPort = 80): DesiredMap[] {
  return Array.from({ length: count }, (_, index) =>
    desiredMap({
      protocol: 'tcp',
      connectionPort: first + index,
      address: `10.20.${index >> 8}.${index & 255}`,
      targetPort,
    }),
  );
}
