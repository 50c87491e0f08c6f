# cpack runs this when all lies in place and before it packs: folders have the modes of a system's,
# whatever the umask of who builds. CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS cannot say so, as it
# is cut by the umask too.
file(CHMOD_RECURSE ${CPACK_TEMPORARY_INSTALL_DIRECTORY} DIRECTORY_PERMISSIONS
     OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
