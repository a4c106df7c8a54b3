import { desiredMap } from './desired-states.js';

/** Maps that the contract suite puts into a kernel and that the dialects damage. */
export const ssh = desiredMap({ protocol: 'tcp', connectionPort: 22_600, address: '10.20.3.7', targetPort: 22 });
export const web = desiredMap({ protocol: 'tcp', connectionPort: 22_601, address: '10.20.3.7', targetPort: 80 });
export const dns = desiredMap({ protocol: 'udp', connectionPort: 53, address: '10.20.3.8', targetPort: 53 });
export const few = desiredMap({
  ...{ protocol: 'tcp', connectionPort: 22_602, address: '10.20.3.7', targetPort: 8080 },
  sources: ['198.51.100.0/24', '203.0.113.7/32'],
});
