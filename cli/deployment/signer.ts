import { AwsClient } from 'aws4fetch';
import type { Connection } from './connection.ts';

/** Signs calls of the API with the caller's credentials: AWS proves by them who it is. */
export async function signerOf(settings: Connection['settings']): Promise<AwsClient> {
  const given =
    settings.credentials && settings.region ? { ...settings.credentials, region: settings.region } : undefined;
  return new AwsClient({ ...(given ?? (await foundSettings(settings))), service: 'execute-api', retries: 0 });
}

/** As the AWS CLI finds them; a machine needs no client of AWS for it. */
async function foundSettings(settings: Connection['settings']) {
  const { STSClient } = await import('@aws-sdk/client-sts');
  const { config } = new STSClient(settings);
  const [{ accessKeyId, secretAccessKey, sessionToken }, region] = await Promise.all([
    config.credentials(),
    config.region(),
  ]);
  return { accessKeyId, secretAccessKey, sessionToken, region };
}
