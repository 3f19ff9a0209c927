import { capabilitiesOf } from '../../core/scanners/capabilities/label-commands.ts';
import { shownText } from '../../core/text/safe-line.ts';
import type { Scanner } from './scanner.ts';

/** What the labels that say how to start the image would give its containers of the host. Nothing of the image runs. */
export const capabilities: Scanner<'capabilities'> = async ({ labels }) => {
  const found = capabilitiesOf(await labels());
  if (found === undefined) {
    return {
      state: 'not-applicable',
      reason: 'The image has none of the labels RUN, INSTALL and UNINSTALL.',
      findings: [],
    };
  }
  const { findings, reason } = found;
  return reason === undefined
    ? { state: 'complete', findings }
    : { state: 'failed', reason: shownText(reason, 500), findings };
};
