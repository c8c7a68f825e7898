/** An application whose users and roles change; it does not know Coatcheck. */
@org.jspecify.annotations.NullMarked
package io.coatcheck.session.spring.staff;
