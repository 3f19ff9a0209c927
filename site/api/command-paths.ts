import { commands } from '../../core/api/commands.ts';
import { redelivery } from '../../core/api/notifications.ts';
import { promotion } from '../../core/api/promotion.ts';
import { forms } from '../router.ts';

const patterns = [...Object.values(commands), promotion, redelivery].map(({ path }) => {
  const form = path.replace(/\{(\w+)\}/g, (_, name) => forms[name as keyof typeof forms]);
  return new RegExp(`^${form}$`);
});

/** Whether a path of the API takes a command, which other functions answer. */
export const takesCommand = (path: string): boolean => patterns.some((pattern) => pattern.test(path));
