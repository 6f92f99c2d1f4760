//! What openssl made once: public keys, and tokens that their private parts signed, which nobody has any
//! more. The claims are `{"sub":"alice","iss":"shop","aud":"parlour","exp":4102444800}`.

/// The modulus of 2048 bits of the key `rsa`; its exponent is 65537.
pub(super) const RSA: &str = concat!(
    "4gFkD8HlYKkpb6rE0wrN8qFSOzYg6pcxfXZ-AUu504afkAJh57xwrLNXNSOHCVb4Ng8ZcOOQn4stYyAA",
    "TbyrhaF36Sz1uah_SNvgHgTjUBPt3z_fzM0R_YrEddQNFnFJlLKW_pe4jHRPcFZQ3nn4bO4m1YpWEPkh",
    "6e2Bb0w0-lm4DivOE2XN1QaGISwJUvvyWF9Rtu7DYYBkEBKjn3dyBjDZ3sWMenaq1cz2WYloR5sYOe-q",
    "si0exx18KmKTak84kba8ljMnQ1sBKpsxFxiaUXnunbdKqb37OviSLFPjfAz-9VPCG_tvapSESgJcmtVT",
    "xHURlG_S1bPqUht7WLeI3w",
);

/// A token that the key `rsa` signed with RS256.
pub(super) const RSA_TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhbGljZSIsImlzcyI",
    "6InNob3AiLCJhdWQiOiJwYXJsb3VyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.mDqq_5tc_YEq_7FQ8_8s_MyT",
    "uzp-2O8ebgthxeLuqviJlMz3S5uLx_cd2s05oMqHwnV43rjUii5dJN7cryYIfMa1I4jT9IXRnmsTS4p2",
    "dBKyjQIXIeiIlOJrdS9XNm6sgb1Rubl2abU7u0hlW5HrUjuog7vJ6ZN4A6EUGFdwZefQxEHCxsltAzPv",
    "utFSuXZe3vze3O5OpnYqs7ZZ5eEBhaSIxL2Yn369Lnq2WfwVh-1uBt6w2Ge8tSXKzgJarTeydRC4Yumn",
    "Z92NIhs61qbSOBP5RQL_8JS_b_1tv4nKe8f8_IyPcWLjtIl-3ZBdjIydpR3HWeWRzpKQ_uz70R3tWw",
);

/// The modulus of 1024 bits of the key `weak`.
pub(super) const WEAK: &str = concat!(
    "p6SB0SmSDDUN8KIVpgSMe9VoJ-AvV4i_zVe8ySeWUAk1BNwnuFeu6ZI8ZtNJcSpTPm8MC6ymX3oPpWA4",
    "2I3zOY9GL0F7p77VWN6HyVBGUGeZoGrasc3LCfS8seeGTgs0-mR7XKp5XJX3inb0l5vhHyESo_i9TaKC",
    "R0q1seD5dGE",
);

/// A token that the key `weak` signed with RS256.
pub(super) const WEAK_TOKEN: &str = concat!(
    "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6IndlYWsifQ.eyJzdWIiOiJhbGljZSIsImlzc",
    "yI6InNob3AiLCJhdWQiOiJwYXJsb3VyIiwiZXhwIjo0MTAyNDQ0ODAwfQ.QbyxO0rlFU3wkXAwf_3e-1",
    "Er3rK7r-EThESZnFD8TA98basxqhtb4PtAVDzyV7UsBMMY3lgc3-Fb8DKF97kQkqnZPqz8jsIPeOfPXk",
    "NaCEmM6LP-smHjJ_AjpJlbG8bzkKkYvUsv0d8evh2z2YigybALXxWrRWCEpkwwV6DZbIA",
);
