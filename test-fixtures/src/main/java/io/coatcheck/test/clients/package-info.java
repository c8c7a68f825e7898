/**
 * Clients that the tests of applications share: a visitor, a browser, a passkey, and a partner's
 * login.
 */
package io.coatcheck.test.clients;
