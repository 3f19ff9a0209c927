import * as z from 'zod';
import { buildIdForm } from './build-id-form.ts';

export const buildIdSchema = z.string().regex(new RegExp(`^${buildIdForm}$`));
