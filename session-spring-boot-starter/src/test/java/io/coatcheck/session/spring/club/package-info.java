/** An application with every way to log in that Spring Security has; it does not know Coatcheck. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.session.spring.club;
