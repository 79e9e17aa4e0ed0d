/** The X.509 library, loaded with the polyfill that it refuses to start without. */
import "reflect-metadata";
export * from "@peculiar/x509";
