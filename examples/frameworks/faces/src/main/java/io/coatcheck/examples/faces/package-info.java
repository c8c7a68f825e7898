/** A Faces application with beans of CDI: a login, pages with state, a conversation, PrimeFaces. */
package io.coatcheck.examples.faces;
