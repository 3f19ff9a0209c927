import { ECRClient } from '@aws-sdk/client-ecr';
import { once } from '../../core/once.ts';

export const ecrClient = once(() => new ECRClient({}));
