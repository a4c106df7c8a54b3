import { parseConfig } from '../platform/config/config.js';
import { createApp, openapi } from './app.js';

/** The OpenAPI document, made without a database. */
export async function openapiDocument(): Promise<object> {
  const app = await createApp(parseConfig({ AUTH: 'none' }), () => undefined, true);
  return openapi(app);
}
