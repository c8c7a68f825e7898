/** What the documents show to be copied into an application: how its sessions begin and end. */
package io.coatcheck.examples.deployment;
