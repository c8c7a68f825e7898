/**
 * Logs users in for the tests of an application: {@link
 * io.coatcheck.session.spring.test.TestLogin#loggedInAs}, in a request of {@code MockMvc} or in
 * several, as a {@link TestSession}. {@code SecurityContexts} builds the context that Spring
 * Security keeps in the session. It needs {@code spring-test} on the class path, which applications
 * have in the scope of their tests only.
 */
@NullMarked
package io.coatcheck.session.spring.test;

import org.jspecify.annotations.NullMarked;
