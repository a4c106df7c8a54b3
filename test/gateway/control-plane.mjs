/**
 * A control plane reduced to the two requests of the contract, as a process of its own, so that it can be started inside
 * a network namespace. Standard input: one JSON object a line, `{"desired": ...}` to set the desired state or
 * `{"status": 503}` to answer everything so (200 ends it). Standard output: `{"url"}`, `{"asked"}` and `{"report"}`.
 */
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { clearTimeout, setTimeout } from 'node:timers';
import { URL } from 'node:url';

let desired;
let status = 200;
const waiting = new Set();
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

function answer(response, after) {
  if (status !== 200)
    response.writeHead(status, { 'content-type': 'application/problem+json' }).end('{"detail":"on purpose"}');
  else if (desired === undefined || desired.generation <= after) return false;
  else response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(desired));
  return true;
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://localhost');
  if (request.method === 'GET' && url.pathname === '/gateways/lab/desired-state') {
    const after = Number(url.searchParams.get('after') ?? -1);
    say({ asked: { after, wait: Number(url.searchParams.get('wait')), token: request.headers.authorization ?? null } });
    if (answer(response, after)) return;
    const waiter = { response, after };
    waiting.add(waiter);
    const end = () => waiting.delete(waiter) && response.writeHead(204).end();
    const timer = setTimeout(end, Number(url.searchParams.get('wait')) * 1000);
    response.on('close', () => {
      clearTimeout(timer);
      waiting.delete(waiter);
    });
  } else if (request.method === 'PUT' && url.pathname === '/gateways/lab/usage') {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (status !== 200) return response.writeHead(status).end();
      say({ usage: JSON.parse(body) });
      response.writeHead(204).end();
    });
  } else if (request.method === 'PUT' && url.pathname === '/gateways/lab/status') {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (status !== 200) return response.writeHead(status).end();
      say({ report: JSON.parse(body) });
      response.writeHead(204).end();
    });
  } else if (request.method === 'PUT' && url.pathname === '/gateways/lab/reachability') {
    let body = '';
    request.on('data', (chunk) => (body += chunk));
    request.on('end', () => {
      if (status !== 200) return response.writeHead(status).end();
      say({ reachability: JSON.parse(body) });
      response.writeHead(204).end();
    });
  } else {
    response.writeHead(404).end();
  }
});
server.listen(0, '127.0.0.1', () => say({ url: `http://127.0.0.1:${server.address().port}` }));

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const order = JSON.parse(line);
    if (order.desired !== undefined) desired = order.desired;
    if (order.status !== undefined) status = order.status;
    for (const waiter of waiting) if (answer(waiter.response, waiter.after)) waiting.delete(waiter);
  })
  .on('close', () => process.exit(0));
