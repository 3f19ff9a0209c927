import type { Build, BuildStatus, Stage } from '../../core/model/build.ts';
import { type Html, html } from '../../core/text/html.ts';
import type { Tone } from '../tone.ts';

export const tones: Record<BuildStatus, Tone> = {
  queued: 'running',
  building: 'running',
  scanning: 'running',
  releasing: 'running',
  released: 'good',
  unchanged: 'good',
  blocked: 'warning',
  failed: 'bad',
  superseded: 'quiet',
  cancelled: 'quiet',
};

/** A different drawing for each tone: colour is never the only sign. */
const drawings: Record<Tone, string> = {
  good: 'M3 8.5 6.5 12 13 4.5',
  warning: 'M8 2.5v7M8 12.2v1.3',
  bad: 'M4 4l8 8M12 4l-8 8',
  running: 'M8 2a6 6 0 1 1-6 6',
  quiet: 'M3 8h10',
};

export function icon(tone: Tone): Html {
  return html`<svg class="icon ${tone}" viewBox="0 0 16 16" aria-hidden="true"><path d="${drawings[tone]}"/></svg>`;
}

export function statusChip(status: BuildStatus): Html {
  const tone = tones[status];
  return html`<span class="chip ${tone}">${icon(tone)}${status}</span>`;
}

/** The state of a build; one that a hold kept from its release stands out among those that changed nothing. */
export function buildChip({ status, held }: Pick<Build, 'status' | 'held'>): Html {
  return held ? html`<span class="chip warning">${icon('warning')}held</span>` : statusChip(status);
}

const stageTones: Record<Stage['status'], Tone> = {
  running: 'running',
  succeeded: 'good',
  failed: 'bad',
  skipped: 'quiet',
};

export function stageTone(status: Stage['status']): Tone {
  return stageTones[status];
}
