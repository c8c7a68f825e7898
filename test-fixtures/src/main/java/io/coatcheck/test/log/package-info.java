/** What a logger gets during a test. */
package io.coatcheck.test.log;
