import { connect, type Socket } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

/** What to send, over how many connections, for how long. */
export interface Load {
  port: number;
  connections: number;
  milliseconds: number;
  /** Whole HTTP/1.1 requests with `Connection: keep-alive`, sent one after the other. */
  requests: Uint8Array[];
}

export interface LoadResult {
  answered: number;
  refused: number;
  seconds: number;
  /** Of each answer, in milliseconds. */
  latencies: number[];
}

/** Sends one request after the other on each connection; over a raw socket, so that the sender's own work is not measured. */
async function drive({ port, connections, milliseconds, requests }: Load): Promise<LoadResult> {
  const result: LoadResult = { answered: 0, refused: 0, seconds: 0, latencies: [] };
  const begun = performance.now();
  const deadline = begun + milliseconds;
  let next = 0;

  function converse(socket: Socket): Promise<void> {
    return new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      let sentAt = 0;
      const send = () => {
        if (performance.now() >= deadline) {
          socket.end();
          resolve();
          return;
        }
        sentAt = performance.now();
        socket.write(requests[next++ % requests.length] ?? '');
      };
      socket.on('error', reject);
      socket.on('data', (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const head = received.indexOf('\r\n\r\n');
        if (head < 0) return;
        const header = received.toString('latin1', 0, head);
        const end = endOfBody(header, received, head + 4);
        if (end === undefined) return;
        received = received.subarray(end);
        result.latencies.push(performance.now() - sentAt);
        if (/^HTTP\/1\.1 2/.test(header)) result.answered += 1;
        else result.refused += 1;
        send();
      });
      send();
    });
  }

  const sockets = Array.from({ length: connections }, () => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => new Promise((resolve) => socket.once('connect', resolve))));
  await Promise.all(sockets.map(converse));
  result.seconds = (performance.now() - begun) / 1000;
  return result;
}

function endOfBody(header: string, received: Buffer, start: number): number | undefined {
  if (/transfer-encoding: chunked/i.test(header)) {
    const last = received.indexOf('0\r\n\r\n', start);
    return last < 0 ? undefined : last + 5;
  }
  const end = start + Number(/content-length: (\d+)/i.exec(header)?.[1] ?? 0);
  return received.length < end ? undefined : end;
}

parentPort?.postMessage(await drive(workerData as Load));
