import type { Config } from '../../platform/config/config.js';

/** How webhooks are delivered. */
export type WebhookSettings = Config['webhooks'];
