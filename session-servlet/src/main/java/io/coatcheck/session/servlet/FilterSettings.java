package io.coatcheck.session.servlet;

import io.coatcheck.session.SessionManager;
import java.util.function.BiPredicate;

/**
 * What a {@link SessionFilter} was built with.
 *
 * @param excluded paths on which sessions are resolved only when asked for
 * @param lazy whether it is so everywhere
 * @param closesManager whether the manager ends with the filter
 */
record FilterSettings(
    SessionManager manager,
    SessionCookie cookie,
    PathPatterns excluded,
    boolean lazy,
    boolean storeEmptySessions,
    BiPredicate<String, String> roles,
    boolean recordClient,
    CrossOriginPolicy crossOrigin,
    boolean closesManager) {}
