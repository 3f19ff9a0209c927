/** How something is shown at a glance: its colour, and its icon where it has one. */
export type Tone = 'good' | 'warning' | 'bad' | 'running' | 'quiet';
