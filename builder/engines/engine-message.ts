/** What Buildah adds to what a command has printed. */
export const engineMessage =
  /^(?:subprocess exited (?:with status|on)|container exited on|error running subprocess|Error: (?:while running runtime: )?exit status)/;
