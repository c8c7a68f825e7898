/** The API for applications: the engine, its policy, and the working copy of a session. */
@NullMarked
package io.coatcheck.session;

import org.jspecify.annotations.NullMarked;
