import { dump } from 'js-yaml';
import { parseConfig } from '../platform/config/config.js';
import { createApp } from './app.js';
import { asyncapi } from './asyncapi/document.js';
import { openapi } from './document/openapi.js';

/** The AsyncAPI document as YAML, made without a database. */
export async function asyncapiYaml(): Promise<string> {
  const app = await createApp(parseConfig({ AUTH: 'none' }), () => undefined, true);
  // JSON first: what is undefined is left out
  return dump(JSON.parse(JSON.stringify(asyncapi(openapi(app)))), { lineWidth: 120, noRefs: true });
}
