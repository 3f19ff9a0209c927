/** What Buildah adds to what a command has printed. */
export const engineWords = /^(?:subprocess exited with status|Error: exit status|time=)/;
