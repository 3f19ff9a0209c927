import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SESClient } from '@aws-sdk/client-ses';

export interface Sent {
  source: string;
  to: string[];
  raw: Buffer;
  configurationSet: string;
}

export interface FakeSes extends AsyncDisposable {
  client: SESClient;
  sent: Sent[];
  /** Gives the error, as code and text, that a message gets; undefined to take it. */
  refuse: (message: Sent) => [code: string, message: string] | undefined;
}

/** SES's SendRawEmail as the SDK calls it, with its limit of 50 recipients. */
export async function startFakeSes(): Promise<FakeSes> {
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const message: Sent = {
      source: form.get('Source') ?? '',
      to: [...form].flatMap(([name, value]) => (name.startsWith('Destinations.member.') ? [value] : [])),
      raw: Buffer.from(form.get('RawMessage.Data') ?? '', 'base64'),
      configurationSet: form.get('ConfigurationSetName') ?? '',
    };
    const refusal =
      message.to.length > 50 ? ['InvalidParameterValue', 'Recipient count exceeds 50.'] : ses.refuse(message);
    response.setHeader('content-type', 'text/xml');
    if (refusal) {
      response
        .writeHead(400)
        .end(
          `<ErrorResponse><Error><Type>Sender</Type><Code>${refusal[0]}</Code><Message>${refusal[1]}</Message></Error></ErrorResponse>`,
        );
    } else {
      ses.sent.push(message);
      response.end(
        '<SendRawEmailResponse><SendRawEmailResult><MessageId>1</MessageId></SendRawEmailResult></SendRawEmailResponse>',
      );
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = new SESClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'k', secretAccessKey: 's' },
    maxAttempts: 1,
  });
  const ses: FakeSes = {
    client,
    sent: [],
    refuse: () => undefined,
    async [Symbol.asyncDispose]() {
      client.destroy();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return ses;
}
