import { parseConfig } from '../platform/config/config.js';
import { createApp } from './app.js';
import { openapi } from './document/openapi.js';

/** The OpenAPI document, made without a database. */
export async function openapiDocument(): Promise<object> {
  const app = await createApp(parseConfig({ AUTH: 'none' }), () => undefined, true);
  return openapi(app);
}
