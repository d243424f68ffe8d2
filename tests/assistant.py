"""What an assistant does with a server of the Model Context Protocol, for scripts that tests write."""

ASSISTANT = '''
    def of(client):
        """Two ways to call a tool: ``call`` gives its result, ``refused`` the message of its error."""

        async def call(tool, /, **arguments):
            done = await client.call_tool(tool, arguments)
            assert not done.is_error, done.content[0].text
            return done.structured_content

        async def refused(tool, /, **arguments):
            done = await client.call_tool(tool, arguments)
            assert done.is_error, done.structured_content
            return done.content[0].text

        return call, refused
'''
