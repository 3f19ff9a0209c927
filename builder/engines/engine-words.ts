/** What Buildah adds to what a command has printed. */
export const engineWords = /^(?:subprocess exited (?:with status|on)|Error: exit status)/;
